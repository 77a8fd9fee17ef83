set terminal svg size 582,582 fixed enhanced font 'Helvetica,13.3' background '#ffffff'
set encoding utf8
set multiplot
reset
set margins screen 0.104, screen 0.48053, screen 0.57697, screen 0.94273
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
set grid back linetype 1 linecolor rgb '#e8e8e8' linewidth 0.6
unset key
set title 'layer 1: 1 module' noenhanced offset 0,-0.4 textcolor rgb '#222222'
set label 2 'index' at screen 0.29226,0.5071 center noenhanced textcolor rgb '#222222'
set label 3 'eigenvalue' at screen 0.01947,0.75985 center rotate by 90 noenhanced textcolor rgb '#222222'
set xrange [0:4]
set xtics ('0' 0, '2' 2, '4' 4) noenhanced
set yrange [0:1.05]
set ytics ('0' 0, '0.5' 0.5, '1' 1) noenhanced
unset colorbox
set label 101 'cell cf63a14ccc4be1c0e, whose gap_live_layer1 is the middle one; |W| of each layer' at screen 0.01833,0.04226 left noenhanced textcolor rgb '#555555' font ',10.9'
set label 102 'below, strongest where it is largest, units in the order of their modules' at screen 0.01833,0.01691 left noenhanced textcolor rgb '#555555' font ',10.9'
$series1_1 << EOD
1 5.6141e-17 5.6141e-17 5.6141e-17
2 0.99901 0.99901 0.99901
3 1 1 1
EOD
plot $series1_1 using 1:2 with impulses linecolor rgb '#999999' linewidth 0.9, \
     $series1_1 using 1:2 with points linecolor rgb '#0072b2' pointtype 7 pointsize 0.45
reset
set margins screen 0.58682, screen 0.96335, screen 0.57697, screen 0.94273
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
set grid back linetype 1 linecolor rgb '#e8e8e8' linewidth 0.6
unset key
set title 'layer 2: 1 module' noenhanced offset 0,-0.4 textcolor rgb '#222222'
set label 2 'index' at screen 0.77508,0.5071 center noenhanced textcolor rgb '#222222'
set xrange [0:3]
set xtics ('0' 0, '1' 1, '2' 2, '3' 3) noenhanced
set yrange [0:1.05]
set ytics ('0' 0, '0.5' 0.5, '1' 1) noenhanced
unset colorbox
$series2_1 << EOD
1 7.8502e-17 7.8502e-17 7.8502e-17
2 0.99996 0.99996 0.99996
EOD
plot $series2_1 using 1:2 with impulses linecolor rgb '#999999' linewidth 0.9, \
     $series2_1 using 1:2 with points linecolor rgb '#0072b2' pointtype 7 pointsize 0.45
reset
set margins screen 0.104, screen 0.48053, screen 0.10927, screen 0.47503
set border 15 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
unset key
set label 2 'from unit' at screen 0.29226,0.08178 center noenhanced textcolor rgb '#222222'
set label 3 'to unit' at screen 0.01947,0.29215 center rotate by 90 noenhanced textcolor rgb '#222222'
set xrange [-0.5:1.5]
unset xtics
set yrange [2.5:-0.5]
unset ytics
set palette defined (0 '#ffffff', 1 '#ffffff', 1 '#f2f8fb', 2 '#f2f8fb', 2 '#e6f1f7', 3 '#e6f1f7', 3 '#d9eaf3', 4 '#d9eaf3', 4 '#cce3ef', 5 '#cce3ef', 5 '#c0dceb', 6 '#c0dceb', 6 '#b3d6e8', 7 '#b3d6e8', 7 '#a6cfe4', 8 '#a6cfe4', 8 '#99c7df', 9 '#99c7df', 9 '#8bbddb', 10 '#8bbddb', 10 '#7db4d6', 11 '#7db4d6', 11 '#6fabd1', 12 '#6fabd1', 12 '#60a1cd', 13 '#60a1cd', 13 '#5298c8', 14 '#5298c8', 14 '#448fc3', 15 '#448fc3', 15 '#3685bf', 16 '#3685bf', 16 '#2d7bb6', 17 '#2d7bb6', 17 '#2870ab', 18 '#2870ab', 18 '#2365a0', 19 '#2365a0', 19 '#1d5b96', 20 '#1d5b96', 20 '#18508b', 21 '#18508b', 21 '#134580', 22 '#134580', 22 '#0d3b76', 23 '#0d3b76', 23 '#08306b', 24 '#08306b')
set cbrange [0:0.33333]
unset colorbox
$matrix3_1 << EOD
0.3333 0.25
0.2 0.1667
0.1429 0.125
EOD
plot $matrix3_1 matrix with image pixels
reset
set margins screen 0.58682, screen 0.96335, screen 0.10927, screen 0.47503
set border 15 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
unset key
set label 2 'from unit' at screen 0.77508,0.08178 center noenhanced textcolor rgb '#222222'
set xrange [-0.5:2.5]
unset xtics
set yrange [1.5:-0.5]
unset ytics
set palette defined (0 '#ffffff', 1 '#ffffff', 1 '#f2f8fb', 2 '#f2f8fb', 2 '#e6f1f7', 3 '#e6f1f7', 3 '#d9eaf3', 4 '#d9eaf3', 4 '#cce3ef', 5 '#cce3ef', 5 '#c0dceb', 6 '#c0dceb', 6 '#b3d6e8', 7 '#b3d6e8', 7 '#a6cfe4', 8 '#a6cfe4', 8 '#99c7df', 9 '#99c7df', 9 '#8bbddb', 10 '#8bbddb', 10 '#7db4d6', 11 '#7db4d6', 11 '#6fabd1', 12 '#6fabd1', 12 '#60a1cd', 13 '#60a1cd', 13 '#5298c8', 14 '#5298c8', 14 '#448fc3', 15 '#448fc3', 15 '#3685bf', 16 '#3685bf', 16 '#2d7bb6', 17 '#2d7bb6', 17 '#2870ab', 18 '#2870ab', 18 '#2365a0', 19 '#2365a0', 19 '#1d5b96', 20 '#1d5b96', 20 '#18508b', 21 '#18508b', 21 '#134580', 22 '#134580', 22 '#0d3b76', 23 '#0d3b76', 23 '#08306b', 24 '#08306b')
set cbrange [0:0.083333]
unset colorbox
$matrix4_1 << EOD
0.08333 0.07692 0.07143
0.06667 0.0625 0.05882
EOD
plot $matrix4_1 matrix with image pixels
unset multiplot
